import '@callgather/embed'
import { Component, CUSTOM_ELEMENTS_SCHEMA, signal } from '@angular/core'
import { getTicket } from './ticket'

@Component({
  selector: 'agent-desk',
  schemas: [CUSTOM_ELEMENTS_SCHEMA],
  template: `
    <h1>Agent desk</h1>
    <callgather-calls [url]="url" [getTicket]="getTicket" (call-selected)="select($event)"></callgather-calls>
    <callgather-panel [url]="url" [getTicket]="getTicket" [callId]="callId()"></callgather-panel>
  `,
})
export class Desk {
  readonly url = 'http://127.0.0.1:8787'
  readonly getTicket = getTicket
  readonly callId = signal<string | null>(null)

  select(event: Event) {
    this.callId.set((event as CustomEvent<{ callId: string | null }>).detail.callId)
  }
}
