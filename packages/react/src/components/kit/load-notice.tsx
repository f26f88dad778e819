import { useLanguage } from '../../strings/strings-context.tsx'
import { Button } from './button.tsx'
import { Notice } from './notice.tsx'

interface LoadNoticeProps {
  readonly hasFailed: boolean
  readonly onRetry: () => void
  readonly onCancel?: (() => void) | undefined
}

/** In place of a part that is loaded on demand, until it is there. */
export function LoadNotice({ hasFailed, onRetry, onCancel }: LoadNoticeProps) {
  const { t } = useLanguage()
  return (
    <>
      {hasFailed ? (
        <Notice role="alert" tone="negative" icon="offline" title={t('load.failed')}>
          {t('load.failedHint')}
        </Notice>
      ) : (
        <p className="cg-hint" role="status">
          {t('load.loading')}
        </p>
      )}
      {(hasFailed || onCancel) && (
        <div className="cg-controls-actions">
          {hasFailed && <Button onClick={onRetry}>{t('action.retry')}</Button>}
          {onCancel && (
            <Button variant="quiet" onClick={onCancel}>
              {t('action.cancel')}
            </Button>
          )}
        </div>
      )}
    </>
  )
}
