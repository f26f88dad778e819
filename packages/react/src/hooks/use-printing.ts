import { useEffect, useState } from 'react'
import { flushSync } from 'react-dom'

/** Whether the page is being printed. Its last render before the print is complete when the browser lays out the paper. */
export function usePrinting(): boolean {
  const [isPrinting, setPrinting] = useState(false)
  useEffect(() => {
    const print = window.matchMedia('print')
    const set = (isOn: boolean) => flushSync(() => setPrinting(isOn))
    const start = () => set(true)
    const end = () => set(false)
    const change = () => set(print.matches)
    window.addEventListener('beforeprint', start)
    window.addEventListener('afterprint', end)
    print.addEventListener('change', change)
    return () => {
      window.removeEventListener('beforeprint', start)
      window.removeEventListener('afterprint', end)
      print.removeEventListener('change', change)
    }
  }, [])
  return isPrinting
}
