// Loaded into LocalStack's Kinesis (NODE_OPTIONS), kinesis-local 0.4.13. Its PutRecords groups the records of a request by
// their shard and what that shard holds, and so hashes all that it holds once for each record of the request: 2,000
// records a second into an empty shard, 100 into one of 20,000. The shard alone says as much: what a shard holds is one
// list throughout a request. No version up to 0.6.2 does without; docs/adr/0013-quick-puts.md.
const { change } = require('./kinesis-text.cjs');

const KEY = 'u=y(new A,p.xl,p.Xl);'; // u: the tuple of shard (xl) and its records (Xl), the key of a hash map
const QUICK = 'const hash=p.xl.j();u.j=()=>hash;'; // j: hashCode, of the tuple and of the shard

change({ [KEY]: `${KEY}{${QUICK}}` }, 'quick-puts.cjs');
