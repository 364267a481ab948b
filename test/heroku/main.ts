import { startHeroku } from './heroku.ts';

/**
 * A Heroku to try things on: prints what a shell needs so that `heroku` and `git push` come here, and then what its
 * dynos print. The app `my-app` has one dyno of the type `worker`, every other app one of the type `web`. Ends with
 * Ctrl-C.
 */
const heroku = await startHeroku({
  quantities: { 'my-app': { worker: 1 } },
  output: (line) => process.stderr.write(`${line}\n`),
});
for (const [name, value] of Object.entries(heroku.env)) process.stdout.write(`export ${name}='${value}'\n`);
process.once('SIGINT', () => void heroku.stop());
