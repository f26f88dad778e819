/** The adapter for HubSpot's calling extensions. Needs the peer `@hubspot/calling-extensions-sdk`. */
export type * from '@callgather/protocol'
export {
  type ConnectHubSpotOptions,
  connectHubSpot,
  type HubSpotConnection,
  type HubSpotDial,
  type HubSpotSdk,
} from './connect.ts'
export { type EngagementTexts, escapeHtml, type HubSpotEndStatus, type HubSpotRecord } from './engagement.ts'
