/**
 * Whether what one types is a regular expression that the backend can use. It compiles
 * Go's expressions, which are much like the browser's: what differs is rewritten or
 * refused here. The backend has the last word.
 */

/** Whether a text is written as a regular expression: /…/. */
export const isExpression = (text: string) => text.length > 1 && text.startsWith('/') && text.endsWith('/');

/** What is wrong with a /regular expression/; undefined if nothing, or for any other text. */
export function expressionFault(text: string): string | undefined {
  if (!isExpression(text) || hasVariable(text)) {
    return undefined;
  }
  const body = text.slice(1, -1).replace(quoted, (_, plain: string) => plain.replace(/\W/g, '\\$&'));
  if (lookaround.test(body)) {
    return 'There is no look-ahead or look-behind in Go’s syntax.';
  }
  if (backreference.test(body)) {
    return 'There are no back-references in Go’s syntax.';
  }
  if (unknownEscape.test(body)) {
    return 'A backslash stands before a letter that means nothing in Go’s syntax.';
  }
  return compiled(body) ? undefined : 'This is not a regular expression: a bracket is open, or something to repeat is missing.';
}

/** Whether a /regular expression/ matches a name; undefined for one that the browser cannot compile. */
export const matches = (expression: string, name: string) => compiled(expression.slice(1, -1))?.test(name);

/** The browser's expression for one of Go's. */
function compiled(body: string): RegExp | undefined {
  try {
    const insensitive = /^\(\?[msU]*i[imsU]*\)/.test(body);
    return new RegExp(body.replace(flags, '(?:').replace(flagsAlone, '').replace(named, '(?<'), insensitive ? 'i' : '');
  } catch {
    return undefined;
  }
}

/** A variable is filled in before the backend compiles the expression. */
const hasVariable = (text: string) => /\$(\w+|\{\w)/.test(text);

/** \Q…\E: a text as it stands. */
const quoted = /\\Q(.*?)(?:\\E|$)/gs;
const lookaround = /(?<!\\)(?:\\\\)*\(\?<?[=!]/;
const backreference = /(?<!\\)(?:\\\\)*\\[1-9](?![0-7])/;
const unknownEscape = /(?<!\\)(?:\\\\)*\\[^\WaAbBCdDfnpPrsStvwWxz0-9_]/;
/** (?i: and (?i), which browsers have since lately or not at all. */
const flags = /\(\?[imsU]*(?:-[imsU]+)?:/g;
const flagsAlone = /\(\?[imsU]+(?:-[imsU]+)?\)|\(\?-[imsU]+\)/g;
/** (?P<name>…, Go's and Python's way. */
const named = /\(\?P</g;
