// A native addon is loaded, not bundled.
export default { serverExternalPackages: ['bellwether'] }
