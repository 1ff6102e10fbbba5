import 'systemjs/dist/system.js';
import 'systemjs/dist/extras/named-register.js';
import 'systemjs/dist/extras/amd.js';

import * as emotion from '@emotion/css';
import * as data from '@grafana/data';
import * as runtime from '@grafana/runtime';
import * as ui from '@grafana/ui';
import lodash from 'lodash';
import * as React from 'react';
import * as ReactDOM from 'react-dom';
import * as rxjs from 'rxjs';

/** CommonJS: AMD modules get the exports themselves, not a module around them. */
const whole = (exported: object) => ({ default: exported, __useDefault: true });

/** Of what Grafana hands to plugins that which this one may ask for, by its names. */
const shared: Record<string, object> = {
  '@emotion/css': emotion,
  '@grafana/data': data,
  '@grafana/runtime': runtime,
  '@grafana/ui': ui,
  lodash: whole(lodash),
  react: whole({ ...React }),
  'react-dom': whole({ ...ReactDOM }),
  rxjs,
};

/** Lets System.import find them; anything else that a plugin imports fails. */
export function share() {
  const imports: Record<string, string> = {};
  for (const [name, module] of Object.entries(shared)) {
    imports[name] = `app:${name}`;
    System.set(`app:${name}`, module);
  }
  System.addImportMap({ imports });
  // Grafana 10 puts it away until it loads a plugin.
  window.define ??= window.__grafana_amd_define;
}
