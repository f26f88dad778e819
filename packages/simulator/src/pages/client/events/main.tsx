/** @jsxImportSource preact */
import { render } from 'preact'
import './events.css'
import { Events } from './events.tsx'

const app = document.getElementById('app')
if (app !== null) render(<Events />, app)
