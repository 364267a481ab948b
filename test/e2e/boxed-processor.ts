/** Runs in a child process of the worker's; `die` kills it. */
export default async function processor(job: { readonly name: string }): Promise<void> {
  if (job.name === 'die') process.kill(process.pid, 'SIGKILL');
  await new Promise((resolve) => setTimeout(resolve, job.name === 'die' ? 10_000 : 5));
}
