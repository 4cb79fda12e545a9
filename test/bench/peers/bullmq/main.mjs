/**
 * BullMQ behind an HTTP door, as a peer of the benchmarks. `node main.mjs door <redis port>` takes
 * calls and prints its port, `node main.mjs worker <redis port>` runs them and answers questions.
 * Ended jobs are kept, because Sendoff keeps the status of each invocation too.
 */
import { createServer } from 'node:http';
import { Queue, Worker } from 'bullmq';

const [part, redisPort] = process.argv.slice(2);
const connection = { host: '127.0.0.1', port: Number(redisPort) };
const jobsKept = 1_000_000;
const jobsAtOnce = 64;

/** @param answer gets path and body of a request, and returns status and document of its answer. */
function serve(answer) {
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += chunk));
    const end = ([status, document]) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(document));
    request.on('end', () => void answer(request.url, body).then(end, (error) => end([500, { error: String(error) }])));
  });
  server.listen(0, '127.0.0.1', () => console.log(server.address().port));
}

function door() {
  const queue = new Queue('calls', { connection });
  serve(async (_url, body) => {
    const job = await queue.add('call', JSON.parse(body), { removeOnComplete: jobsKept });
    return [202, { id: job.id }];
  });
}

function worker() {
  let ended = 0;
  let delaysMs = [];
  const run = async ({ data }) => {
    if (data.t === undefined) ended += 1;
    else delaysMs.push(Date.now() - data.t);
    return 1;
  };
  new Worker('calls', run, { connection, concurrency: jobsAtOnce });
  serve(async (url) => {
    if (url === '/ended') return [200, { ended }];
    const taken = delaysMs;
    delaysMs = [];
    return [200, { delaysMs: taken }];
  });
}

if (part === 'door') door();
else worker();
