// How a test in Go and a client in Node talk: a JSON value or a word a line.

import { createInterface } from 'node:readline';

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

/** Tells the test a value. */
export const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

/** Waits for the next line from the test. */
export const hear = async () => {
  const { value, done } = await lines.next();
  if (done) {
    throw new Error('the test has gone');
  }
  return value;
};
