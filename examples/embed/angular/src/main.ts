import { bootstrapApplication } from '@angular/platform-browser'
import { Desk } from './desk'

bootstrapApplication(Desk).catch(console.error)
