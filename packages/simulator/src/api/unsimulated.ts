/** Endpoints of Telnyx's API that voice programs use and that the simulator lacks. Only the log mentions these endpoints. */

const collections: ReadonlySet<string> = new Set(
  (
    'ai available_phone_numbers call_control_applications conferences connections credential_connections faxes ' +
    'fqdn_connections media messages messaging_profiles number_lookup outbound_voice_profiles phone_numbers queues ' +
    'recording_transcriptions recordings telephony_credentials texml texml_applications'
  ).split(' '),
)

const commands: ReadonlySet<string> = new Set(
  (
    'conversation_relay_start conversation_relay_stop enqueue fork_start fork_stop leave_queue pay record_pause ' +
    'record_resume record_start record_stop refer send_sip_info siprec_start siprec_stop streaming_start ' +
    'streaming_stop suppression_start suppression_stop switch_supervisor_role transcription_start transcription_stop'
  ).split(' '),
)

/** Returns the command or collection of a request that the simulator lacks, or `null` if Telnyx probably lacks it too. */
export function findUnsimulated(method: string, path: string): string | null {
  const [, , collection = '', , actions, command = '', ...rest] = path.split('/')
  if (collections.has(collection)) return `/${collection}`
  const isCommand = collection === 'calls' && actions === 'actions' && method === 'POST' && rest.length === 0
  return isCommand && commands.has(command) ? command : null
}
