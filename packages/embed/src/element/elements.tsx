import type { HostEvent } from '@callgather/protocol'
import {
  type AnswerCall,
  type Disposition,
  DtmfPad,
  GatherPanel,
  type PanelCard,
  type Preset,
  Transcript,
  useCall,
  useLanguage,
  type WrapUpRecord,
} from '@callgather/react'
import type { DescribeCall } from '@callgather/react/wall'
import type { ReactNode } from 'react'
import { wordsOf } from './attributes.ts'
import { CallGatherElement } from './base-element.tsx'
import { Loaded, OnDemand } from './on-demand.tsx'

const callsView = new OnDemand(() => import('./calls-view.tsx'))
const wallView = new OnDemand(() => import('./wall-view.tsx'))
const wrapUpView = new OnDemand(() => import('./wrap-up-view.tsx'))

const cards: readonly PanelCard[] = ['now', 'ask', 'collected']
const sections = ['transcript', 'assistant', 'timeline'] as const

/** An element that shows one call. */
abstract class CallElement extends CallGatherElement {
  protected abstract callView(callId: string): ReactNode

  protected view(): ReactNode {
    const callId = this.attribute('call-id')
    return callId ? this.callView(callId) : <NoCall />
  }
}

function NoCall() {
  const { t } = useLanguage()
  return (
    <div className="cg cg-empty">
      <span className="cg-empty-title">{t('call.none')}</span>
    </div>
  )
}

export class PanelElement extends CallElement {
  protected callView(callId: string): ReactNode {
    const hidden = wordsOf(this.attribute('hide'))
    const presets = this.readProperty('presets') as readonly Preset[] | undefined
    const suggestions = this.readProperty('suggestions') as readonly string[] | undefined
    const assistantId = this.attribute('assistant-id')
    return (
      <GatherPanel
        callId={callId}
        cards={cards.filter((card) => !hidden.includes(card === 'collected' ? card : 'controls'))}
        without={sections.filter((section) => hidden.includes(section))}
        {...(presets ? { presets } : {})}
        {...(suggestions ? { suggestions } : {})}
        {...(assistantId ? { assistantId } : {})}
      >
        {!hidden.includes('wrap-up') && (
          <WrapUpAtEnd
            callId={callId}
            dispositions={this.readProperty('dispositions') as readonly Disposition[] | undefined}
            save={this.readProperty('saveWrapUp') as SaveWrapUp | undefined}
          />
        )}
      </GatherPanel>
    )
  }
}

type SaveWrapUp = (record: WrapUpRecord) => unknown

interface WrapUpAtEndProps {
  readonly callId: string
  readonly dispositions: readonly Disposition[] | undefined
  readonly save: SaveWrapUp | undefined
}

/** The wrap-up of a call, once the call has ended. */
function WrapUpAtEnd({ callId, dispositions, save }: WrapUpAtEndProps) {
  const hasEnded = useCall(callId, ({ state }) => Boolean(state.hangup ?? state.closed))
  if (!hasEnded) return null
  return (
    <Loaded source={wrapUpView}>
      {({ WrapUp }) => (
        <WrapUp callId={callId} {...(dispositions ? { dispositions } : {})} {...(save ? { onWrapUp: save } : {})} />
      )}
    </Loaded>
  )
}

export class DtmfElement extends CallElement {
  protected callView(callId: string): ReactNode {
    return <DtmfPad callId={callId} />
  }
}

export class TranscriptElement extends CallElement {
  protected callView(callId: string): ReactNode {
    return <Transcript callId={callId} />
  }
}

/** An element that shows all calls of the agent. */
abstract class ListElement extends CallGatherElement {
  protected override isAbout(_event: HostEvent): boolean {
    return true
  }

  /** Selects a call: marks it, shows it in the element that `for` names, and dispatches `call-selected`. */
  protected readonly select = (callId: string): void => {
    this.setAttribute('selected', callId)
    const target = this.attribute('for')
    const root = this.getRootNode()
    if (target && (root instanceof Document || root instanceof ShadowRoot))
      root.getElementById(target)?.setAttribute('call-id', callId)
    this.publish({ type: 'call-selected', callId })
  }
}

export class CallsElement extends ListElement {
  protected view(): ReactNode {
    const answer = this.readProperty('answer') as AnswerCall | undefined
    const selected = this.attribute('selected')
    return (
      <Loaded source={callsView}>
        {({ CallList }) => (
          <CallList selected={selected} onSelect={this.select} {...(answer ? { onAnswer: answer } : {})} />
        )}
      </Loaded>
    )
  }
}

export class WallElement extends ListElement {
  protected view(): ReactNode {
    const describeCall = this.readProperty('describeCall') as DescribeCall | undefined
    return (
      <Loaded source={wallView}>
        {({ CallWall }) => <CallWall onOpen={this.select} {...(describeCall ? { describeCall } : {})} />}
      </Loaded>
    )
  }
}
