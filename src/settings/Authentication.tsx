import { Auth, AuthMethod, convertLegacyAuthProps } from '@grafana/plugin-ui';
import React, { useState } from 'react';

import { type Props } from './props';
import { SecretField } from './SecretField';

/** The method that is ours: its id must begin with custom-. */
const bearer = 'custom-bearer' as const;

/** How a reverse proxy in front of Flink is satisfied: login, TLS, headers. */
export function Authentication(props: Props) {
  const { options, onOptionsChange } = props;
  const standard = convertLegacyAuthProps({ config: options, onChange: onOptionsChange });
  const [chosen, setChosen] = useState<typeof bearer | undefined>(options.secureJsonFields?.bearerToken ? bearer : undefined);
  return (
    <Auth
      {...standard}
      selectedMethod={chosen ?? standard.selectedMethod}
      visibleMethods={[AuthMethod.NoAuth, AuthMethod.BasicAuth, bearer, AuthMethod.OAuthForward]}
      defaultOptionsOverrides={methods}
      customMethods={[{ id: bearer, label: 'Bearer token', description: 'One token for everyone', component: <SecretField {...props} label="Token" help="Sent as Authorization: Bearer … with every request to Flink." secret="bearerToken" required /> }]}
      onAuthMethodSelect={(method) => {
        setChosen(method === bearer ? bearer : undefined);
        onOptionsChange(choose(options, method));
      }}
    />
  );
}

const methods = {
  [AuthMethod.NoAuth]: { description: 'Flink itself has no login' },
  [AuthMethod.BasicAuth]: { description: 'User and password of a reverse proxy in front of Flink' },
  [AuthMethod.OAuthForward]: { description: 'Each user’s own token: users share no samples, and nothing is sampled in the background' },
};

/** Of the methods one holds; a token that is not chosen is forgotten. */
function choose(options: Props['options'], method: string): Props['options'] {
  const { bearerToken, ...secrets } = options.secureJsonData ?? {};
  const forget = method !== bearer && (options.secureJsonFields?.bearerToken || bearerToken);
  return {
    ...options,
    basicAuth: method === AuthMethod.BasicAuth,
    withCredentials: false,
    jsonData: { ...options.jsonData, oauthPassThru: method === AuthMethod.OAuthForward },
    secureJsonData: forget ? { ...secrets, bearerToken: '' } : options.secureJsonData,
    secureJsonFields: { ...options.secureJsonFields, ...(forget && { bearerToken: false }) },
  };
}
