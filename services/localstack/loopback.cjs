// Loaded into LocalStack's Kinesis (NODE_OPTIONS): its server listens on all interfaces and has no setting for that.
const { Server } = require('node:net');

const listen = Server.prototype.listen;

Server.prototype.listen = function (where, ...rest) {
  if (typeof where === 'object') return listen.call(this, { ...where, host: '127.0.0.1' }, ...rest);
  const others = rest.filter((argument) => typeof argument !== 'string');
  return listen.call(this, where, '127.0.0.1', ...others);
};
