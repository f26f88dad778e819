/**
 * What every query that is pushed to, rather than polled, has in common. What a host sets for all its queries must not
 * show one agent's data to another, nor store it.
 */
export const liveQuery = {
  // Sharing structure would walk the whole state for each event; the fold already keeps what did not change.
  structuralSharing: false,
  // The watch reconnects by itself, whatever the browser thinks of the network; an error from it is final.
  networkMode: 'always',
  retry: false,
  gcTime: 5 * 60_000,
  placeholderData: () => undefined,
  initialData: () => undefined,
  persister: <Data, Context>(queryFn: (context: Context) => Data | Promise<Data>, context: Context) => queryFn(context),
} as const
