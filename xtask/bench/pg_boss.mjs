// The peer of the claiming bench: the same number of jobs, fetched and completed in batches of the same size by the same
// number of consumers, with pg-boss on the same database. A pg-boss job has no gate, no attempt and no event: it does
// less for each job than a claim of ours.
//
// Twice: each job completed by a call of its own, as each call of a campaign ends by itself; and, what pg-boss can do at
// its best, a whole batch completed by one statement.
//
// usage: node pg_boss.mjs DATABASE_URL JOBS BATCH CONSUMERS      prints one line of JSON
import PgBoss from 'pg-boss';

const [url, jobs, batch, consumers] = [process.argv[2], ...process.argv.slice(3).map(Number)];
if (!url || !(jobs > 0) || !(batch > 0) || !(consumers > 0)) {
  console.error('usage: node pg_boss.mjs DATABASE_URL JOBS BATCH CONSUMERS');
  process.exit(2);
}
const boss = new PgBoss({ connectionString: url, schema: 'bench_peer', max: consumers + 2, supervise: false, schedule: false });
boss.on('error', (error) => { console.error(error.message); process.exitCode = 1; });
await boss.start();

/** Jobs a second, from the first fetch until all are completed. */
async function measure(queue, complete) {
  await boss.createQueue(queue);
  const lead = (index) => ({ name: queue, data: { phone_number: `+1415555${String(index).padStart(4, '0')}` } });
  for (let from = 0; from < jobs; from += 1000) {
    await boss.insert(Array.from({ length: Math.min(1000, jobs - from) }, (_, index) => lead(from + index)));
  }
  let done = 0;
  const started = process.hrtime.bigint();
  await Promise.all(Array.from({ length: consumers }, async () => {
    for (;;) {
      const claimed = await boss.fetch(queue, { batchSize: batch });
      if (!claimed?.length) return;
      await complete(queue, claimed.map((job) => job.id));
      done += claimed.length;
    }
  }));
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  if (done !== jobs) throw new Error(`${done} of ${jobs} jobs were completed`);
  return done / seconds;
}

const each = await measure('each', (queue, ids) => Promise.all(ids.map((id) => boss.complete(queue, id, {}))));
const together = await measure('together', (queue, ids) => boss.complete(queue, ids));
console.log(JSON.stringify({ leads: jobs, leads_per_second: each, leads_per_second_completed_in_batches: together }));
await boss.stop({ graceful: false });
process.exit();
