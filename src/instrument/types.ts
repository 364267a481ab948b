/** Options of `BullMQMemoryInstrumentation`. */
export interface BullMQMemoryInstrumentationConfig {
  /** Whether to start in the constructor. Default: true. */
  enabled?: boolean;
  /** Further job names share the name `_other`; 1 to 1000. Default: `TIDEMARK_MAX_JOB_NAMES`, else 100. */
  maxJobNames?: number;
}
