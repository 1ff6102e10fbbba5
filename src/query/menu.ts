import { type SelectableValue } from '@grafana/data';

import { expressionFault, isExpression } from './expression';

/** As many names as a menu shows at once. */
const shown = 100;

/** The names that hold what was typed, the first of many and how many more there are. */
export function menu(names: string[], search: string): Array<SelectableValue<string>> {
  const wanted = search.trim().toLowerCase();
  const fitting = wanted === '' ? names : names.filter((name) => name.toLowerCase().includes(wanted));
  const options: Array<SelectableValue<string>> = fitting.slice(0, shown).map((value) => ({ value, label: value }));
  if (fitting.length > shown) {
    options.push({ value: '', label: `${fitting.length - shown} more: type a part of the name`, isDisabled: true });
  }
  return options;
}

/** How the menu offers what was typed itself. */
export function typed(text: string): string {
  const fault = expressionFault(text);
  if (isExpression(text)) {
    return fault ? `${text}: ${fault}` : `Regular expression, anywhere in the name: ${text}`;
  }
  return text.includes('$') ? `Variable: ${text}` : `Exactly this name: ${text}`;
}
