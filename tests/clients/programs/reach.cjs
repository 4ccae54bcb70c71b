// How a client reaches the sandbox, and what it does with a token: for the programs.
"use strict";

const document = JSON.parse(process.env.SANDBOX);
const auth = document.sign_ins.client_secret.auth;
const resource = "https://api.partnercenter.microsoft.com";

async function readCustomers(token) {
  const answer = await fetch(`${auth.authority}/v1/customers`, {
    headers: { Authorization: `Bearer ${token}` },
  });
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  // `text()` drops the byte order mark.
  console.log(JSON.stringify({ read: JSON.parse(await answer.text()).items.length }));
}

function run(ways) {
  ways[process.argv[2]]()
    .then(readCustomers)
    .catch((error) => {
      console.error(error);
      process.exit(1);
    });
}

module.exports = {
  auth,
  certificatePath: document.sign_ins.certificate.auth.certificate_path,
  document,
  resource,
  run,
};
