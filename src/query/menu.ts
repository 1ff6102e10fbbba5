import { type SelectableValue } from '@grafana/data';

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
  if (text.length > 1 && text.startsWith('/') && text.endsWith('/')) {
    return `Regular expression: ${text}`;
  }
  return text.includes('$') ? `Variable: ${text}` : `Exactly this name: ${text}`;
}
