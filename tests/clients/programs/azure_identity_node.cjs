// @azure/identity: four of its credentials.
"use strict";

const identity = require("@azure/identity");
const { auth, certificatePath, document, resource, run } = require("./reach.cjs");

const options = { authorityHost: auth.authority, disableInstanceDiscovery: true };
const { tenant_id: tenantId, client_id: clientId } = auth;

async function tokenOf(credential) {
  const answer = await credential.getToken(`${resource}/.default`);
  return answer.token;
}

Object.assign(process.env, document.sign_ins[process.argv[2]].environment);
run({
  client_secret: () =>
    tokenOf(
      new identity.ClientSecretCredential(
        tenantId,
        clientId,
        auth.client_secret,
        options,
      ),
    ),
  certificate: () =>
    tokenOf(
      new identity.ClientCertificateCredential(
        tenantId,
        clientId,
        certificatePath,
        options,
      ),
    ),
  workload_identity: () => tokenOf(new identity.WorkloadIdentityCredential(options)),
  azure_identity: () => tokenOf(new identity.ManagedIdentityCredential()),
});
