import { visibleText } from '../../hooks/party.ts'
import { useLanguage } from '../../strings/strings-context.tsx'
import type { MessageReceipt } from './receipts.ts'

/** The text of a message to the assistant, and its delivery status in words. */
export function ReceiptText({ receipt: { text, answerNow, status } }: { readonly receipt: MessageReceipt }) {
  const { t } = useLanguage()
  return (
    <span>
      {text === '' ? t('assistant.answerNow') : <q dir="auto">{visibleText(text)}</q>}
      {answerNow && text !== '' && ` · ${t('assistant.answerNow')}`} {t(`assistant.receipt.${status}`)}
    </span>
  )
}
