/**
 * The numbers of the demo. A minute of a real service is a second here: the window is one setting, and every other span
 * is a multiple of it.
 *
 * Measured with real workers (built, Node 24, glibc 2.36), in RSS: a worker starts at about 95 MB. The imports raise it
 * in steps to 210, 310, 385, 440, 475 and 482 MB, where it stays. An attachment takes the mailer to 475 MB for half a
 * second, and back. When run from the sources each figure is about 25 MB higher. About 45 MB are pages of Node itself,
 * which all processes on a machine share; the actuator counts them once, and sees the plateau at 85 % of the limit or
 * above.
 */

export const MIB = 2 ** 20;

/** The detector's bucket. */
export const WINDOW_MS = 1_000;
/** How long a drain may take: workers look for one every 2 s whatever the window, and an import takes a second. */
export const GRACE_MS = 5_000;
/** Five points a window, which is what makes a bucket. */
export const EXPORT_INTERVAL_MS = 200;

/** A real size of Heroku's, 512 MB: R14 at 512, R15 at 1,024. */
export const DYNO_SIZE = 'Standard-1X';
export const SOFT_LIMIT_FRACTION = 0.8;

/** Bloats, on two dynos. They share a queue of ordinary jobs, and each has its own queue of imports. */
export const WORKER_TYPE = 'worker';
export const WORKER_COUNT = 2;
export const BLOATING_DYNOS: readonly string[] = Array.from(
  { length: WORKER_COUNT },
  (_, index) => `${WORKER_TYPE}.${index + 1}`,
);
/** Healthy: its peaks come back. */
export const MAILER_TYPE = 'mailer';

/** Time between two frames, and between two samples. */
export const FRAME_MS = 250;
/** Output that is no terminal gets a line this often, and one for each event. */
export const LINE_EVERY_MS = 5_000;

/**
 * Usage above the soft limit for this long without a break is a plateau and not a peak. The demo reads the processes'
 * memory itself, and calls such a boot bloated whatever the actuator says.
 */
export const PLATEAU_MS = 2_500;
/** A boot that the actuator has assessed for this long has shown its floor: that takes four level windows. */
export const FLOOR_SEEN_MS = 6_000;
/** How long a new boot runs before its memory counts as "after". */
export const SETTLE_MS = 6_000;

/** The demo ends by itself within 90 s; the rest is for stopping everything. */
export const DEADLINE_MS = 82_000;
/**
 * The same with the actuator inside the workers: it begins about 10 s later, and after the restart of the dyno that it
 * runs in another worker has to take the lead.
 */
export const EMBEDDED_DEADLINE_MS = 130_000;
/** The same if something was killed from outside: recovery takes time. */
export const DISTURBED_DEADLINE_MS = 290_000;
/** When the demo stops its dynos, SIGKILL follows SIGTERM after this. */
export const STOP_GRACE_MS = 3_000;
