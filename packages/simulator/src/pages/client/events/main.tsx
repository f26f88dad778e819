/** @jsxImportSource preact */
import { render } from 'preact'
import '../base.css'

const app = document.getElementById('app')
if (app !== null) render(<p>…</p>, app)
