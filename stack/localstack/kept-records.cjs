// Loaded into LocalStack's Kinesis (NODE_OPTIONS), kinesis-local 0.4.13, which removes no record. Here a put removes those
// that are older than their stream's retention, and those that more than KINESIS_KEPT_MB of all streams have followed.
// Of a shard's removed records the newest stays: a reader that has read all before it, and waits there, has lost nothing.
// docs/adr/0019-kept-records.md
const { change } = require('./kinesis-text.cjs');

const KEPT_BYTES = Number(process.env.KINESIS_KEPT_MB) * 1024 ** 2;
const OBJECT_BYTES = 600; // of a record in memory, beside its size
const HOUR_MILLIS = 3_600_000;

let put = 0;

// What the changed program calls. Names of its own: C is a list's length, Q its element; u, w and r are iterator, hasNext
// and next; s and t the halves of a pair; Pe a map of streams; Sc a stream's map of shards to records, cf its retention, a
// duration of length Ge and unit xf, whose Ro gives hours; jp.jv a record's sequence number.
globalThis.keptRecords = {
  note(record, size) {
    record.arrived = Date.now();
    record.place = put += size + OBJECT_BYTES;
  },

  // The index of a shard's next record, which leads its sequence number: the count of records, as published, would repeat.
  next(records) {
    const count = records.C();
    return count && 1 + index(records.Q(count - 1).jp.jv);
  },

  // without: the map of shards with one of them from its record of that index on.
  trim(streams, without) {
    const now = Date.now();
    for (const [, stream] of pairs(streams.Pe)) {
      const oldest = now - stream.cf.xf.Ro(stream.cf.Ge).c * HOUR_MILLIS;
      for (const [shard, records] of pairs(stream.Sc)) {
        const first = newestRemoved(records, oldest);
        if (first) stream.Sc = without(stream.Sc, shard, records, first);
      }
    }
    return streams;
  },
};

function index(sequence) {
  return Number(BigInt.asUintN(64, BigInt(sequence) >> 80n));
}

function* pairs(map) {
  for (const each = map.u(); each.w(); ) {
    const pair = each.r();
    yield [pair.s(), pair.t()];
  }
}

function newestRemoved(records, oldest) {
  const count = records.C();
  let first = 0;
  while (first + 1 < count && isRemoved(records.Q(first + 1), oldest)) first += 1;
  return first;
}

function isRemoved(record, oldest) {
  return record.arrived < oldest || put - record.place >= KEPT_BYTES;
}

const RECORD = 'this.zKa=!0}UW.prototype'; // the end of a record's constructor, AKa its size
const LENGTHS = ['new H(p.C()),new H(g))', 'new H(R.C()+G|0)']; // of PutRecord and of PutRecords, G in the request
const STREAMS = 'new Du(Eu(a.Pe,eq(Oo(),Bg(new Cg,[y(new A,b.Rd,b)]))))'; // the streams after any change of one
const WITHOUT = '(m,k,v,i)=>Eu(m,bt(at(),Bg(new Cg,[y(new A,k,Ux(v,i,v.C()))])))'; // Eu: ++, Ux: slice

change(
  {
    [RECORD]: `keptRecords.note(this,this.AKa);${RECORD}`,
    [LENGTHS[0]]: 'new H(keptRecords.next(p)),new H(g))',
    [LENGTHS[1]]: 'new H(keptRecords.next(R)+G|0)',
    [STREAMS]: `keptRecords.trim(${STREAMS},${WITHOUT})`,
  },
  'kept-records.cjs',
);
