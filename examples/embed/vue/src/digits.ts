import { createApp } from 'vue'
import LiveDigits from './LiveDigits.vue'

createApp(LiveDigits).mount('#app')
