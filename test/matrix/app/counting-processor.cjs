/** Does the jobs of `worker-app.ts` in a sandbox. */
const { Redis } = require('ioredis');

const redis = new Redis(process.env.REDIS_URL);

module.exports = async ({ id, data }) => {
  await redis.hincrby('begun', `work/${id}`, 1);
  while (data.until !== undefined && (await redis.exists(data.until)) === 0) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await redis.hincrby('done', `work/${id}`, 1);
};
