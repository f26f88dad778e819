/** @jsxImportSource preact */
import { render } from 'preact'
import './phone.css'
import { Phone } from './phone.tsx'

const app = document.getElementById('app')
if (app !== null) render(<Phone />, app)
