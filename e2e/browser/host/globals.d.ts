/** Of SystemJS what the host page uses; it comes as scripts without types. */
declare const System: {
  import(address: string): Promise<{ plugin: import('./plugin').Loaded['plugin'] }>;
  set(address: string, module: object): void;
  addImportMap(map: { imports: Record<string, string> }): void;
};

/** What AMD modules call. */
interface Window {
  define?: unknown;
  __grafana_amd_define?: unknown;
}

/** A file of @grafana/runtime, see build.mjs. */
declare module 'settings-cache' {
  export function initDataSourceInstanceSettings(settings: Record<string, import('@grafana/data').DataSourceInstanceSettings>, defaultName: string): void;
}
