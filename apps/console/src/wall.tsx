/** The supervisor's wall, which only supervisors download. */
import '@callgather/react/wall.css'

export { CallWall as default } from '@callgather/react/wall'
