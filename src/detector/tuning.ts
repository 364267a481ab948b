/**
 * Every constant of the detector. Origin: **definition** (it says what a word means), **statistics** (it follows from a
 * distribution) or **tuned** (chosen on the simulator's dev split; `npm run evaluate -- --sensitivity` moves each by a
 * quarter). Spans are in windows (`TIDEMARK_WINDOW`, 1 min by default) or in buckets (a window, or 5 samples where
 * those take longer). A fraction without another word is one of the dyno's limit.
 */
export const TUNING = {
  // ------------------------------------------------------------ the curve
  /** Samples that a bucket needs at least. Definition. */
  samplesPerBucket: 5,
  /** The warm-up is over when this many floors in a row are level... Tuned. */
  warmupLevelBuckets: 4,
  /** ... within this fraction of the floor... Tuned. */
  warmupLevelFraction: 0.04,
  /** ... or this many bytes: a small process varies by more of itself. Tuned. */
  warmupLevelBytes: 8 * 1024 ** 2,
  /** ... or after this many windows: then memory grew from the start, and the first floors count. Tuned. */
  warmupMaxWindows: 30,
  /** A floor that was reached within this many windows is no growth: a fresh boot is soon as high. Tuned. */
  startWindows: 60,
  /** How fast the noise estimate follows, per sample. Tuned. */
  noiseStep: 0.03,
  /** A floor is corrected by at most this fraction of itself for being the lowest of several noisy samples. Tuned. */
  maxBiasFraction: 0.06,

  // ------------------------------------------------------------ what running jobs hold
  /** Changes are taken over this many windows: allocators give back late. Tuned. */
  loadLagWindows: 5,
  /**
   * Where memory is given back late, a third of the jobs that have ended still hold theirs after this many windows.
   * Tuned.
   */
  loadReleaseWindows: 6,
  /** Their count must change by this fraction of what that of running jobs does, both squared. Tuned. */
  loadLateFraction: 0.3,
  /** After this many windows a change counts a third: what a job holds may change with the day. Tuned. */
  loadDecayWindows: 1440,
  /** Bytes per job are believed when they are this many standard errors above zero. Statistics (one in 700). */
  loadSureErrors: 3,
  /**
   * Standard errors of bytes per job that are granted to the load before growth is believed. Statistics (one in 40).
   */
  loadMarginErrors: 2,
  /** Which jobs run changes with the hours: what they hold together may be off by this fraction of itself. Tuned. */
  loadMixFraction: 0.6,
  /** A floor of which jobs held less than this fraction is compared with other boots. Tuned. */
  idleFraction: 0.25,
  /** The process itself holds at least this fraction of usage, whatever jobs are found to hold. Definition. */
  minOwnFraction: 0.1,
  /**
   * Memory taken since a job last ended, or since the oldest running one began, may belong to running jobs: for this
   * many windows. Tuned.
   */
  longJobWindows: 300,

  // ------------------------------------------------------------ levels
  /** Below this fraction two floors do not differ. Definition. */
  toleranceFraction: 0.02,
  /** Noise is taken for at least this fraction. Definition. */
  minNoiseFraction: 0.005,
  /** Standard deviations of a floor that two floors may differ by and still be equal. Statistics. */
  toleranceDeviations: 3,
  /** A step of the floor is a lasting rise by this fraction. Definition. */
  stepFraction: 0.03,
  /** A floor has risen when it is this fraction over the floor after the warm-up. Definition. */
  risenFraction: 0.08,
  /** A plateau is flat for this many buckets. Definition. */
  plateauBuckets: 6,
  /** A peak is this fraction over its floor... Definition. */
  peakFraction: 0.1,
  /** ... and this many standard deviations of a sample, and of a floor. Statistics. */
  peakDeviations: 4,
  /** This many peaks among the last `peakMemoryBuckets` recur. Definition. */
  recurringPeaks: 4,
  /** Buckets. Definition. */
  peakMemoryBuckets: 20,

  // ------------------------------------------------------------ what comes back by itself
  /** A time up is of a new kind when it lasts this many times as long as the longest that ended by itself. Tuned. */
  returnPatience: 2.5,
  /** A saw-tooth falls again within this many windows: what takes longer is the load of a day. Definition. */
  sawtoothWindows: 360,

  // ------------------------------------------------------------ leak
  /** Levels that a trend needs. Tuned. */
  trendLevels: 7,
  /** A leak that starts late rises over the newest levels only: this many are looked at by themselves. Tuned. */
  recentLevels: 20,
  /** Mann-Kendall's z from which levels rise beyond chance. Statistics (one in 700). */
  risingZ: 3,
  /** A rise is at least twice this many deviations of a floor (more where noise lasts). Tuned. */
  riseDeviations: 1.2,
  maxRiseDeviations: 3,
  /**
   * The last third of a leak rises at least this fraction of what the first third did: stairs that die out do not.
   * Tuned.
   */
  lateRiseFraction: 0.5,
  /** A rise of hours still goes on when the newest levels rise by this fraction of its slope. Tuned. */
  stillRisingFraction: 0.3,
  /**
   * A floor creeps where `creepLevels` coarse levels rise by this fraction with this z: then it is no plateau. Tuned.
   */
  creepLevels: 12,
  creepFraction: 0.01,
  creepZ: 2.4,

  // ------------------------------------------------------------ hysteresis
  /** Buckets in a row that say otherwise before a leak or bloat is none. Tuned. */
  leaveBuckets: 4,

  // ------------------------------------------------------------ what is worth a restart
  /** A restart gives back at least this fraction... Definition. */
  worthFraction: 0.1,
  /** ... and this many standard deviations of a floor. Statistics. */
  worthDeviations: 4,
  /** Over the hard limit less than this fraction is nothing. Definition. */
  nothingFraction: 0.05,
  /** A leak is restarted when this fraction of its way to the limit is left. Definition. */
  leakLastFraction: 0.12,
  /** Of the time that is left, this fraction may be waited for a moment without jobs. Definition. */
  leakPatienceFraction: 0.5,
  /**
   * A boot younger than this many windows that rises is restarted at its limit, not before: the rise may be its start,
   * or a cache that ends below. Tuned.
   */
  leakMinWindows: 42,
  /** The same in buckets, where samples are rare. Tuned. */
  leakMinBuckets: 13,
  /** A floor must have stayed over the soft limit for this many windows. Tuned. */
  minStayWindows: 15,
  /** Bloat may wait this many windows for a moment without jobs. Definition. */
  bloatPatienceWindows: 5,
  /** Memory that is back within this many windows of a start makes a restart useless... Definition. */
  minGainWindows: 36,
  /** ... of a plateau, which is noticed later, within this many windows or buckets. Tuned. */
  minGainPlateauWindows: 110,
  minGainPlateauBuckets: 16,
  /** After this many useless restarts in a row what a restart would give back is not believed. Definition. */
  maxUselessRestarts: 2,
  /** Two restarts of a dyno less than this many windows apart... Tuned. */
  quickRestartWindows: 180,
  /** ... within this time (ms; a week)... Definition. */
  quickMemoryMs: 7 * 86_400_000,
  /** ... bought little: the next one waits until usage stays at this fraction. A cache stops below its limit. Tuned. */
  fullFraction: 0.98,
  /** Windows without a point after which a boot is silent, unless it reports less often. Definition. */
  silentWindows: 3,
  /**
   * Bloat is left to the platform's daily restart this long before it (ms). Definition.
   */
  cycleNearMs: 2 * 3_600_000,
  /** The daily restart comes up to this late (ms; Dev Center, "Automatic dyno restarts"). Definition. */
  cycleJitterMs: 216 * 60_000,
};

/**
 * The parts of the detector that can be switched off to see what they buy (`npm run evaluate -- --ablations`). In
 * service all are on.
 */
export const PARTS = {
  /** Memory held by running jobs is taken out of the curve. */
  jobLoad: true,
  /** Where memory follows them better, jobs that have ended count as holding it for a while. */
  lateRelease: true,
  /** Growth must exceed what the uncertainty of the load may explain. */
  loadMargin: true,
  /** The floor after the warm-up is taken without the jobs that ran then. */
  baseAtEqualLoad: true,
  /** Limits look at the floor together with what running jobs hold, where a restart would give enough of it back. */
  limitsWithJobs: true,
  /** Memory taken since a job last ended is left to the jobs that run. */
  longJobs: true,
  /** Buckets with an idle moment carry the floor through busy ones. */
  idleFloors: true,
  /** A single odd sample is dropped (running median of three). */
  sampleMedian: true,
  /** The lowest of several noisy samples is corrected upwards. */
  floorBias: true,
  /** A floor that has come back by itself before is no growth while it may again. */
  returns: true,
  /** Hour-wide floors find slow leaks. */
  coarseTrends: true,
  /** The newest floors by themselves find a leak that starts late. */
  recentTrends: true,
  /** A floor that creeps is no plateau. */
  creep: true,
  /** Bloat and leaks are left late. */
  hysteresis: true,
};
