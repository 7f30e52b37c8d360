// Changes the program of LocalStack's Kinesis, kinesis-local 0.4.13, as Node loads it.
const Module = require('node:module');
const { join } = require('node:path');

const SERVER = join('kinesis-local', 'main.js');

// changes: what stands in the program once -> what is to stand there; by: the file that they are of.
exports.change = (changes, by) => {
  const compile = Module.prototype._compile;
  Module.prototype._compile = function (source, file, ...rest) {
    return compile.call(this, file.endsWith(SERVER) ? changed(source, file, changes, by) : source, file, ...rest);
  };
};

function changed(source, file, changes, by) {
  return Object.entries(changes).reduce((text, [plain, ours]) => {
    const [before, after, ...more] = text.split(plain);
    if (after === undefined || more.length) {
      throw new Error(`${file} is not the version that stack/localstack/${by} was written for`);
    }
    return before + ours + after;
  }, source);
}
