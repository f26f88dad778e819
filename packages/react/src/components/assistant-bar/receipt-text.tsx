import { useLanguage } from '../../strings/strings-context.tsx'
import type { MessageReceipt } from './receipts.ts'

/** The text of a receipt. */
export function ReceiptText({ receipt: { text, answerNow, status } }: { readonly receipt: MessageReceipt }) {
  const { t } = useLanguage()
  return (
    <span>
      {text === '' ? t('assistant.answerNow') : <q dir="auto">{text}</q>}
      {answerNow && text !== '' && ` · ${t('assistant.answerNow')}`} {t(`assistant.receipt.${status}`)}
    </span>
  )
}
