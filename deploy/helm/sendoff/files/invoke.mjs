/**
 * The test of the chart: a function is invoked, and another one gets the notification of its
 * success. Uses the API only, and removes what it has made. Exits with 1 if a step fails.
 */
const { SENDOFF_URL: url, SENDOFF_PROJECT_ID: project, SENDOFF_TOKEN: token, SENDOFF_REGION: region } = process.env;
const deadline = Date.now() + Number(process.env.TIMEOUT_SECONDS) * 1_000;
const run = Date.now().toString(36);
const [sender, receiver, agency] = [`sender-${run}`, `receiver-${run}`, `helm-test-${run}`];
const path = (name) => `/fgs/functions/helm-test:${name}`;

async function call(method, pathname, body) {
  const response = await fetch(`${url}/v2/${project}${pathname}`, {
    method,
    headers: { 'content-type': 'application/json', 'x-auth-token': token },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${pathname} was answered with ${response.status}: ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}

/** Asks until the answer is defined. */
async function until(what, ask) {
  for (;;) {
    const found = await ask();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`${what}: not within ${process.env.TIMEOUT_SECONDS} s`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

async function create(name, source) {
  await call('POST', '/fgs/functions', {
    func_name: name,
    package: 'helm-test',
    runtime: 'Node.js20.15',
    handler: 'index.handler',
    timeout: 10,
    memory_size: 128,
    code_type: 'inline',
    func_code: { file: Buffer.from(source).toString('base64') },
    xrole: agency,
  });
}

/** The ended invocation of a function that was invoked once. */
async function ended(name) {
  const record = await until(`${name} has run`, async () => {
    const { invocations } = await call('GET', `${path(name)}/async-invocations?limit=1`);
    return invocations.find(({ status }) => ['SUCCESS', 'FAIL', 'DISCARD'].includes(status));
  });
  if (record.status !== 'SUCCESS') throw new Error(`${name} ended with ${record.status}: ${record.error_message}`);
  return record;
}

async function test() {
  await call('PUT', `/sendoff/agencies/${agency}`, { grants: [{ type: 'FunctionGraph', resource: '*' }] });
  // The receiver fails unless the message is of the sender's success.
  const check = "if (JSON.parse(message.response_payload).hello !== 'helm') throw new Error('unexpected message');";
  await create(receiver, `exports.handler = async (message) => { ${check} return message.request_context.request_id; };`);
  await create(sender, 'exports.handler = async (event) => event;');
  const param = JSON.stringify({ func_urn: `urn:fss:${region}:${project}:function:helm-test:${receiver}:latest` });
  await call('PUT', `${path(sender)}/async-invoke-config`, {
    destination_config: { on_success: { destination: 'FunctionGraph', param } },
  });
  const startedAt = Date.now();
  const { request_id: requestId } = await call('POST', `${path(sender)}/invocations-async`, { hello: 'helm' });
  console.log(`${requestId} is accepted after ${Date.now() - startedAt} ms`);
  await ended(sender);
  console.log(`${sender} has run after ${Date.now() - startedAt} ms`);
  await ended(receiver);
  console.log(`${receiver} has got the notification after ${Date.now() - startedAt} ms`);
}

async function cleanUp() {
  for (const name of [sender, receiver]) await call('DELETE', path(name));
  await call('DELETE', `/sendoff/agencies/${agency}`);
}

try {
  await test();
  console.log('Sendoff works');
} catch (error) {
  console.error(error);
  process.exitCode = 1;
}
await cleanUp().catch((error) => console.error('left behind:', error.message));
