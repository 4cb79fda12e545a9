/** The measured figures of a row, by name. */
export type Figures = Readonly<Record<string, number>>;
