// Every name that programs may import from the package: one that is gone breaks them.

export {
  AllEndpointsFailedError, AuthenticationError, BadRequestError, BudgetExceededError, ClientClosedError, ConfigError, ConnectionError,
  ContentFilterError, ContextLengthError, FailoverClient, FailoverError, HealthMonitor, NotFoundError, PermissionDeniedError,
  QueueFullError, QuotaExceededError, RateLimitError, StreamInterruptedError, TimeoutError, UpstreamError, chatCompletion, defineConfig,
  discordForwarder, pagerDutyForwarder, slackForwarder, webhookForwarder
} from 'bellwether'
export type {
  AlertForwarder, AlertKind, AlertOptions, AlertPayload, AlertPolicy, AlertRules, AlertSilence, ApiKey, AssistantMessage, Attempt,
  AttemptEvent, AudioPart, AuthErrorEvent, BackoffOptions, BreakerEvent, BreakerOptions, BreakerStatus, BudgetEvent, BudgetOptions,
  BudgetStatus, CallOptions, CallReport, CallTrace, CanaryOptions, ChatCompletion, ChatCompletionChunk, ChatOptions, ChatStream, Choice,
  ChunkChoice, ClientEvents, ClientOptions, CompleteOptions, CompletionUsage, ConfigChanges, ConfigEvent, ConfigOverrides, ConfigProblem,
  ConnectionOptions, ContentPart, CooldownEvent, CostLedger, CostReport, CostSums, DashboardData, DrillEvent, DrillName, DrillObjectives,
  DrillOptions, DrillProgress, DrillReport, DrillScenario, DrillScenarioReport, DrillsOptions, DurableQueue, Duration, EndedJob,
  EndpointFailure, EndpointHealth, EndpointOptions, EndpointState, EndpointStatus, EventsOptions, FailoverEvent, FailoverOptions,
  FailureReason, FeedEvents, FilePart, FinishReason, ForwardEvent, ForwarderOptions, HealthCheckOptions, HealthCheckResult, HealthOptions,
  HealthReport, HedgeOptions, HistoryFilter, ImagePart, IncidentEndpoint, IncidentMoment, IncidentOptions, IncidentReport, JobState,
  KeyValidation, LatencyClass, LatencySummary, LimitOptions, Listener, LogLevel, Logger, LongContextOptions, LongContextResult, Message,
  MetricFamily, MetricHistogram, MetricSeries, Metrics, MetricsFormat, MetricsSeries, MetricsSnapshot, ModelResponse, ModelStatus,
  ModelSummary, MonitorEvents, MonitorOptions, OpenAIChatRequest, Price, PushOptions, QueueEvent, QueueOptions, QueuedJob, QueuedRequest,
  Queueing, RateLimitEvent, RateLimitStatus, RefusalPart, ResponseFormat, RetryBudgetOptions, RetryEvent, RetryOptions, RoutingRule, Scope,
  StreamOptions, StreamTakeover, SystemMessage, TextPart, TimeoutOptions, TimeoutPhase, TlsOptions, Tool, ToolCall, ToolCallDelta,
  ToolChoice, ToolMessage, TroubleDetails, Usage, UserMessage
} from 'bellwether'
