const code = { file: Buffer.from('exports.handler = async () => 1;').toString('base64') };
/** The body that creates an own function, without its name. */
export const ownFunction = {
  package: 'default',
  runtime: 'Node.js20.15',
  handler: 'index.handler',
  timeout: 3,
  memory_size: 128,
  code_type: 'inline',
  func_code: code,
};

/** Requests of a key for the functions `mine-*`, each of which reaches for more than that. */
export const reaches: readonly (readonly [what: string, method: string, path: string, body?: unknown])[] = [
  ['read the code of a foreign function', 'GET', '/fgs/functions/neighbour/code'],
  ['read the settings of a foreign function', 'GET', '/fgs/functions/neighbour/config'],
  ['replace the code of a foreign function', 'PUT', '/fgs/functions/neighbour/code', { code_type: 'inline', func_code: code }],
  ['delete a foreign function', 'DELETE', '/fgs/functions/neighbour'],
  ['invoke a foreign function', 'POST', '/fgs/functions/neighbour/invocations', {}],
  ['queue an invocation of a foreign function', 'POST', '/fgs/functions/neighbour/invocations-async', {}],
  ['see records of a foreign function', 'GET', '/fgs/functions/neighbour/async-invocations'],
  ['see the call secret of a foreign function', 'GET', '/sendoff/functions/neighbour/call-secret'],
  ['create a function with a foreign name', 'POST', '/fgs/functions', { ...ownFunction, func_name: 'theirs' }],
  ['hand over a foreign agency', 'POST', '/fgs/functions', { ...ownFunction, func_name: 'mine-a', xrole: 'everything' }],
  [
    'make a key that may do all',
    'POST',
    '/sendoff/credentials',
    { rights: ['invoke', 'read', 'manage'], functions: ['*'], agencies: ['*'], topics: ['*'] },
  ],
  ['grant itself an agency', 'PUT', '/sendoff/agencies/mine', { grants: [{ type: 'OBS', resource: '*' }] }],
  ['make a bucket', 'PUT', '/sendoff/buckets/mine', {}],
  ['make a stream', 'PUT', '/sendoff/streams/mine', {}],
];
