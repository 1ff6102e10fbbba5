import { type FlinkSettings } from '../types';
import { type Props } from './props';

/** Changes keys of jsonData; one that becomes undefined has its default again. */
export function changeSettings({ options, onOptionsChange }: Props, change: Partial<FlinkSettings>) {
  onOptionsChange({ ...options, jsonData: { ...options.jsonData, ...change } });
}
