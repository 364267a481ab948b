/** Nothing of the others: a level floor, whatever its running jobs hold. */
export const healthy = { class: 'healthy', matches: (): boolean => true } as const;
