// @azure/msal-node: client secret, certificate, refresh token.
"use strict";

const { X509Certificate } = require("node:crypto");
const { readFileSync } = require("node:fs");
const { ConfidentialClientApplication } = require("@azure/msal-node");
const { auth, certificatePath, document, resource, run } = require("./reach.cjs");

function client(credential) {
  return new ConfidentialClientApplication({
    auth: {
      clientId: auth.client_id,
      authority: `${auth.authority}/${auth.tenant_id}`,
      knownAuthorities: [new URL(auth.authority).host],
      ...credential,
    },
  });
}

async function appOnly(credential) {
  const scopes = [`${resource}/.default`];
  const answer = await client(credential).acquireTokenByClientCredential({ scopes });
  return answer.accessToken;
}

const secret = { clientSecret: auth.client_secret };
run({
  client_secret: () => appOnly(secret),
  certificate: () => {
    const privateKey = readFileSync(certificatePath, "utf8");
    const { fingerprint256 } = new X509Certificate(privateKey);
    const thumbprintSha256 = fingerprint256.replaceAll(":", "");
    return appOnly({ clientCertificate: { thumbprintSha256, privateKey } });
  },
  refresh_token: async () => {
    const answer = await client(secret).acquireTokenByRefreshToken({
      refreshToken: document.refresh_token,
      scopes: [`${resource}/user_impersonation`],
    });
    return answer.accessToken;
  },
});
