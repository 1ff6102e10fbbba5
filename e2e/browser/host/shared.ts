import 'systemjs/dist/system.js';
import 'systemjs/dist/extras/named-register.js';
import 'systemjs/dist/extras/amd.js';

import * as emotion from '@emotion/css';
import * as emotionReact from '@emotion/react';
import * as data from '@grafana/data';
import * as runtime from '@grafana/runtime';
import * as ui from '@grafana/ui';
import lodash from 'lodash';
import moment from 'moment';
import prismjs from 'prismjs';
import * as React from 'react';
import * as ReactDOM from 'react-dom';
import * as rxjs from 'rxjs';
import * as operators from 'rxjs/operators';

/** CommonJS: AMD modules get the exports themselves, not a module around them. */
const whole = (exported: object) => ({ default: exported, __useDefault: true });

/** What Grafana hands to plugins, by the names under which they ask for it. */
const shared: Record<string, object> = {
  '@emotion/css': emotion,
  '@emotion/react': emotionReact,
  '@grafana/data': data,
  '@grafana/runtime': runtime,
  '@grafana/ui': ui,
  lodash: whole(lodash),
  moment: whole(moment),
  prismjs: whole(prismjs),
  react: whole({ ...React }),
  'react-dom': whole({ ...ReactDOM }),
  rxjs,
  'rxjs/operators': operators,
};

/** Lets System.import find them; anything else that a plugin asks for fails. */
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
