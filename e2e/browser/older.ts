/** Whether the page is made of Grafana 10.4's packages, and what is known of them. */
export const older = process.env.GRAFANA_UI === '10.4';

/** Messages of Grafana 10.4 alone. */
export const warnings = [
  // Its Field hands the unknown prop on; React warns of it in development only.
  /React does not recognize the `%s` prop .* noMargin/,
];

/** Findings in Grafana 10.4's own components. */
export const upstream = [
  // The label that its Switch draws.
  /aria-prohibited-attr <label [^>]*aria-label="Toggle switch"/,
];
