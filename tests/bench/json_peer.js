// What Node takes for the same: JSON.parse of both bodies, then a deep comparison.
//
//     node json_peer.js A.json B.json ROUNDS PAIRS
//
// Prints the median of microseconds of processor time a pair. equal() does what the
// fast-deep-equal package does, in our own words: it stops at the first difference,
// while mirrorctl goes on to find all of them.
'use strict';
const fs = require('fs');

function equal(a, b) {
  if (a === b) return true;
  if (!a || !b || typeof a !== 'object' || typeof b !== 'object') return a !== a && b !== b;
  if (a.constructor !== b.constructor) return false;
  if (Array.isArray(a)) {
    if (a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (!equal(a[i], b[i])) return false;
    return true;
  }
  const names = Object.keys(a);
  if (names.length !== Object.keys(b).length) return false;
  for (const name of names) if (!Object.prototype.hasOwnProperty.call(b, name)) return false;
  for (const name of names) if (!equal(a[name], b[name])) return false;
  return true;
}

const [a, b] = process.argv.slice(2, 4).map((file) => fs.readFileSync(file, 'utf8'));
const [rounds, pairs] = process.argv.slice(4).map(Number);
let same = 0;

function round() {
  const from = process.cpuUsage();
  for (let i = 0; i < pairs; i++) same += equal(JSON.parse(a), JSON.parse(b));
  const { user, system } = process.cpuUsage(from);
  return (user + system) / pairs;
}

round(); // what is compiled on the way is not measured
const times = Array.from({ length: rounds }, round).sort((x, y) => x - y);
console.log(times[rounds >> 1].toFixed(2));
