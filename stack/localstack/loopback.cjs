// Loaded into LocalStack's Kinesis (NODE_OPTIONS): its server listens on all interfaces and answers any web page
// (Access-Control-Allow-Origin: *), and has no setting for either.
const { Server } = require('node:net');

const listen = Server.prototype.listen;

Server.prototype.listen = function (where, ...rest) {
  this.prependListener('connection', refusePreflights);
  if (typeof where === 'object') return listen.call(this, { ...where, host: '127.0.0.1' }, ...rest);
  const others = rest.filter((argument) => typeof argument !== 'string');
  return listen.call(this, where, '127.0.0.1', ...others);
};

// LocalStack sends POST alone. A browser sends OPTIONS before what a page of another site has for Kinesis, and nothing
// after it where that is not answered.
function refusePreflights(socket) {
  const push = socket.push;
  socket.push = function (chunk, ...rest) {
    if (chunk?.subarray(0, 9).toString('latin1') === 'OPTIONS /') return socket.destroy();
    return push.call(this, chunk, ...rest);
  };
}
