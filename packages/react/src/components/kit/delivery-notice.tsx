import type { Gather } from '@callgather/protocol'
import { useLanguage } from '../../strings/strings-context.tsx'
import { Notice } from './notice.tsx'

/** Warns that the server's `onSensitive` did not accept a gather's masked value. Otherwise renders nothing. */
export function DeliveryNotice({ delivery }: { readonly delivery: Gather['delivery'] }) {
  const { t } = useLanguage()
  if (delivery !== 'failed') return null
  return (
    <Notice role="alert" tone="warning" icon="alert" title={t('gather.notDelivered')}>
      {t('gather.notDeliveredHint')}
    </Notice>
  )
}
