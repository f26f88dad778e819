import { useLanguage } from '../../strings/strings-context.tsx'
import { CloseButton, Notice } from './notice.tsx'

/** Warns that the browser denied the clipboard, and says how to copy without it. */
export function CopyFailure({ onClose }: { readonly onClose: () => void }) {
  const { t } = useLanguage()
  return (
    <Notice
      role="alert"
      tone="warning"
      icon="alert"
      title={t('collected.copyFailed')}
      action={<CloseButton onClose={onClose} />}
    >
      {t('collected.copyFailedHint')}
    </Notice>
  )
}
