import { type ClusterSettings, type FlinkSettings } from '../types';

/**
 * Settings as the page can show them, whatever a provisioning file or Terraform
 * wrote: blank keys come as null, and numbers where texts are meant.
 */
export function readable(saved: unknown): FlinkSettings {
  const settings = object(saved);
  const history = object(settings.history);
  const prometheus = object(settings.prometheus);
  return {
    ...settings,
    url: text(settings.url),
    webUrl: text(settings.webUrl),
    clusterName: text(settings.clusterName),
    clusters: clusters(settings.clusters),
    timeoutSeconds: number(settings.timeoutSeconds),
    maxConcurrency: number(settings.maxConcurrency),
    maxAge: text(settings.maxAge),
    history: { retention: text(history.retention), maxMemoryMiB: number(history.maxMemoryMiB), idleAfter: text(history.idleAfter) },
    prometheus: {
      url: text(prometheus.url), user: text(prometheus.user), tenant: text(prometheus.tenant), serverName: text(prometheus.serverName),
      tlsAuthWithCACert: flag(prometheus.tlsAuthWithCACert), tlsAuth: flag(prometheus.tlsAuth), tlsSkipVerify: flag(prometheus.tlsSkipVerify),
    },
  };
}

function clusters(saved: unknown): ClusterSettings[] | undefined {
  if (!Array.isArray(saved) || saved.length === 0) {
    return undefined;
  }
  return saved.map(object).map(({ name, url, webUrl }) => ({ name: text(name) ?? '', url: text(url) ?? '', ...(text(webUrl) && { webUrl: text(webUrl) }) }));
}

const object = (saved: unknown): Record<string, unknown> => (typeof saved === 'object' && saved !== null ? { ...saved } : {});

const text = (saved: unknown) => (typeof saved === 'string' || typeof saved === 'number' ? String(saved) : undefined);

const number = (saved: unknown) => (saved === null || saved === '' || !Number.isFinite(Number(saved)) ? undefined : Number(saved));

const flag = (saved: unknown) => (typeof saved === 'boolean' ? saved : undefined);
