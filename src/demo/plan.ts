/**
 * The numbers of the demo. A minute of a real service is a second here: the window is one setting, and every other span follows it. What the
 * workloads make of them was measured with real workers, built, on Node 24 and glibc 2.36, in RSS: a worker starts at about 95 MB; the imports
 * take it in stairs to 210, 310, 385, 440, 475, 482 MB, where it stays; an attachment takes the mailer to 475 MB for half a second, and back. (Run
 * from the sources, each is some 25 MB more.) Some 45 MB of it are pages of Node itself, which all its processes on a machine share: counted
 * once, as the actuator does, the plateau is at 85 % of the limit or above.
 */

export const MIB = 2 ** 20;

/** The detector's bucket. */
export const WINDOW_MS = 1_000;
/** How long a drain may take: the workers look for one every 2 s whatever the window, and an import takes a second. */
export const GRACE_MS = 5_000;
/** Five points a window, which is what makes a bucket. */
export const EXPORT_INTERVAL_MS = 200;

/** A real size of Heroku's, 512 MB: R14 at 512, R15 at 1,024. */
export const DYNO_SIZE = 'Standard-1X';
export const SOFT_LIMIT_FRACTION = 0.8;

/** Bloats, on two dynos: they share a queue of ordinary jobs, and each has imports of its own. */
export const WORKER_TYPE = 'worker';
export const WORKER_COUNT = 2;
export const BLOATING_DYNOS: readonly string[] = Array.from(
  { length: WORKER_COUNT },
  (_, index) => `${WORKER_TYPE}.${index + 1}`,
);
/** Healthy: its peaks come back. */
export const MAILER_TYPE = 'mailer';

/** Shown and sampled this often. */
export const FRAME_MS = 250;
/** Where the screen is no terminal: a line this often, and at each event. */
export const LINE_EVERY_MS = 5_000;

/**
 * Usage that stays above the soft limit for so long without a break is a plateau and no peak: what the demo itself, which reads the processes'
 * memory beside the actuator, calls bloated.
 */
export const PLATEAU_MS = 2_500;
/** A boot that the actuator has judged for so long has shown its floor: it takes four level windows. */
export const FLOOR_SEEN_MS = 6_000;
/** So long a new boot runs before its memory counts as "after". */
export const SETTLE_MS = 6_000;

/** The demo ends by itself within 90 s; the rest is for stopping everything. */
export const DEADLINE_MS = 82_000;
/** Where something was killed from outside, it may take so long to come round. */
export const DISTURBED_DEADLINE_MS = 290_000;
/** What SIGTERM does not end within this gets SIGKILL, when the demo stops its dynos. */
export const STOP_GRACE_MS = 3_000;
