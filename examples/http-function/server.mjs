/**
 * An http function that runs only the calls of Sendoff: it verifies their signature.
 *
 * Start it with the secret of the function:
 * `CALL_SECRET=whsec_... node examples/http-function/server.mjs`.
 * PORT chooses the port, 8080 by default.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';

const { CALL_SECRET = '', PORT = '8080' } = process.env;
const key = Buffer.from(CALL_SECRET.replace(/^whsec_/, ''), 'base64');
/** An older call may be a recorded one that somebody sends again. */
const ageMaxSeconds = 300;

function isFromSendoff(headers, body) {
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures = '' } = headers;
  if (!(Math.abs(Date.now() / 1_000 - Number(timestamp)) <= ageMaxSeconds)) return false;
  const expected = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest();
  return signatures.split(' ').some((signature) => {
    const given = Buffer.from(signature.replace(/^v1,/, ''), 'base64');
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
}

const server = createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const body = Buffer.concat(chunks);
    if (!isFromSendoff(request.headers, body)) return response.writeHead(401).end('{"error":"not a call of Sendoff"}');
    const event = JSON.parse(body);
    response.end(JSON.stringify({ greeting: `hello ${event.name}` }));
  });
});

if (key.length === 0) throw new Error('set CALL_SECRET to the secret of the function');
server.listen(Number(PORT), '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${server.address().port}`));
