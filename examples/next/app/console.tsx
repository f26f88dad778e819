'use client'

import { CallList, GatherPanel } from '@callgather/react'
import { useState } from 'react'
import { CallGather } from './callgather-provider'

export function Console() {
  const [callId, setCallId] = useState<string | null>(null)
  return (
    <CallGather>
      <CallList selected={callId} onSelect={setCallId} />
      {callId && <GatherPanel key={callId} callId={callId} />}
    </CallGather>
  )
}
