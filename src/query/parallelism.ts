/** Parallelisms as one types them: "task = 8; other task = 4". */
export const textOf = (value: unknown): string =>
  value && typeof value === 'object' ? Object.entries(value).map(([task, n]) => `${task} = ${String(n)}`).join('; ') : '';

/**
 * The parallelisms of a text, whole numbers or variables by the name of their task, which may
 * have equals signs itself; undefined where it is none.
 */
export function parallelismOf(text: string): Record<string, number | string> | undefined {
  const tasks: Record<string, number | string> = {};
  for (const part of text.split(';').filter((part) => part.trim() !== '')) {
    const at = part.lastIndexOf('=');
    const [task, n] = [part.slice(0, Math.max(at, 0)).trim(), part.slice(at + 1).trim()];
    if (task === '' || !(/^[1-9]\d{0,4}$/.test(n) || n.startsWith('$'))) {
      return undefined;
    }
    tasks[task] = n.startsWith('$') ? n : Number(n);
  }
  return tasks;
}
