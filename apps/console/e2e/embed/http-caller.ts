/** A caller who acts through the simulator's HTTP API. */
export class HttpCaller {
  readonly #simulator: string
  readonly callId: string

  private constructor(simulator: string, callId: string) {
    this.#simulator = simulator
    this.callId = callId
  }

  /** Calls the contact centre. `simulator` is the URL of the simulator without `/v2`. */
  static async call(simulator: string, from: string): Promise<HttpCaller> {
    const view = await post(`${simulator}/_sim/calls`, { from, to: '+15550100' })
    return new HttpCaller(simulator, view.call_control_id)
  }

  /** Presses keys, one every 60 ms. */
  async press(digits: string): Promise<void> {
    await post(`${this.#simulator}/_sim/calls/${this.callId}/press`, { digits, everyMs: 60 })
  }

  async hangUp(): Promise<void> {
    await post(`${this.#simulator}/_sim/calls/${this.callId}/hangup`, {})
  }

  /** Answers the call, as the contact centre does. */
  async isAnswered(): Promise<void> {
    await post(`${this.#simulator}/v2/calls/${this.callId}/actions/answer`, {})
  }
}

async function post(url: string, body: object): Promise<{ call_control_id: string }> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer KEY_E2E' },
    body: JSON.stringify(body),
  })
  if (!response.ok) throw new Error(`${new URL(url).pathname} answered ${response.status}: ${await response.text()}`)
  const { data } = (await response.json()) as { data: { call_control_id: string } }
  return data
}
