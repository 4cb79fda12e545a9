/** Source of a function that connects, and resolves with the outcome. */
export const reach = `
const { connect } = require('node:net');
const reach = (host, port) => new Promise((resolve) => {
  const socket = connect({ host, port, timeout: 2000 });
  socket.once('connect', () => { socket.destroy(); resolve('reached'); });
  socket.once('timeout', () => { socket.destroy(); resolve('no answer'); });
  socket.once('error', ({ code }) => resolve(code));
});
`;
