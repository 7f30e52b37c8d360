// Loaded into LocalStack's Kinesis (NODE_OPTIONS), kinesis-local 0.4.13. Its PutRecords groups the records of a request by
// their shard and what that shard holds, and so hashes all that it holds once for each record of the request: 2,000
// records a second into an empty shard, 100 into one of 20,000. The shard alone says as much: what a shard holds is one
// list throughout a request. No version up to 0.6.2 does without; docs/adr/0013-quick-puts.md.
const Module = require('node:module');
const { join } = require('node:path');

const SERVER = join('kinesis-local', 'main.js');
const KEY = 'u=y(new A,p.xl,p.Xl);'; // u: the tuple of shard (xl) and its records (Xl), the key of a hash map
const QUICK = 'const hash=p.xl.j();u.j=()=>hash;'; // j: hashCode, of the tuple and of the shard

const compile = Module.prototype._compile;

Module.prototype._compile = function (source, file, ...rest) {
  return compile.call(this, file.endsWith(SERVER) ? withQuickPuts(source, file) : source, file, ...rest);
};

function withQuickPuts(source, file) {
  const [before, after, ...more] = source.split(KEY);
  if (after === undefined || more.length) {
    throw new Error(`${file} is not the version that stack/localstack/quick-puts.cjs was written for`);
  }
  return `${before}${KEY}{${QUICK}}${after}`;
}
