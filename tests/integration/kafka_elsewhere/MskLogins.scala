// What a test's broker lacks of MSK: both mechanisms by which it takes AWS's credentials. They note what a client shows
// them, and let in whoever shows something of the right form; the tests compare the signature. In Scala, since pyspark
// brings its compiler: a machine that runs the pipeline need not have Java's.

import java.net.URI
import java.nio.charset.StandardCharsets.UTF_8
import java.nio.file.{Files, Path, StandardOpenOption}
import java.security.{Provider, Security}
import java.time.{LocalDateTime, ZoneOffset}
import java.time.format.DateTimeFormatter
import java.util.{Base64, Collections, List, Map}
import javax.security.auth.Subject
import javax.security.auth.callback.{Callback, CallbackHandler}
import javax.security.auth.login.AppConfigurationEntry
import javax.security.auth.spi.LoginModule
import javax.security.sasl.{SaslServer, SaslServerFactory}
import org.apache.kafka.common.security.auth.AuthenticateCallbackHandler
import org.apache.kafka.common.security.oauthbearer.{OAuthBearerToken, OAuthBearerValidatorCallback}
import scala.util.Try

object Logins {
  def note(mechanism: String, shown: String): Unit = synchronized {
    val file = Path.of(System.getProperty("logins"))
    Files.writeString(file, s"$mechanism $shown\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND)
  }
}

/** The server's side of OAUTHBEARER: takes a signed URL until its end. */
class TokenValidator extends AuthenticateCallbackHandler {
  override def configure(configs: Map[String, _], mechanism: String, logins: List[AppConfigurationEntry]): Unit = ()

  override def handle(callbacks: Array[Callback]): Unit = callbacks.foreach {
    case asked: OAuthBearerValidatorCallback =>
      Logins.note("OAUTHBEARER", asked.tokenValue)
      val url = Try(new SignedUrl(asked.tokenValue)).filter(_.lifetimeMs > System.currentTimeMillis)
      if (url.isSuccess) asked.token(url.get) else asked.error("invalid_token", null, null)
    case _ =>
  }

  override def close(): Unit = ()
}

class SignedUrl(token: String) extends OAuthBearerToken {
  private val query = URI.create(new String(Base64.getUrlDecoder.decode(token), UTF_8)).getQuery
  private val said = query.split('&').map(_.split("=", 2)).map(pair => pair(0) -> pair(1)).toMap
  private val date = DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'")
  private val start = LocalDateTime.parse(said("X-Amz-Date"), date).toInstant(ZoneOffset.UTC).toEpochMilli

  override def value: String = token
  override def scope: java.util.Set[String] = Collections.emptySet[String]
  override def startTimeMs: java.lang.Long = start
  override def lifetimeMs: Long = start + said("X-Amz-Expires").toLong * 1000
  override def principalName: String = said("X-Amz-Credential").takeWhile(_ != '/')
}

/** The server's side of AWS_MSK_IAM: one message, and one answer. */
class IamServer extends SaslServer {
  private var complete = false

  override def evaluateResponse(message: Array[Byte]): Array[Byte] = {
    Logins.note(getMechanismName, new String(message, UTF_8))
    complete = true
    """{"version": "2020_10_22", "request-id": "1"}""".getBytes(UTF_8)
  }

  override def getMechanismName: String = "AWS_MSK_IAM"
  override def isComplete: Boolean = complete
  override def getAuthorizationID: String = "iam"
  override def getNegotiatedProperty(name: String): Object = null
  override def unwrap(incoming: Array[Byte], offset: Int, length: Int): Array[Byte] = incoming
  override def wrap(outgoing: Array[Byte], offset: Int, length: Int): Array[Byte] = outgoing
  override def dispose(): Unit = ()
}

class IamServers extends SaslServerFactory {
  override def getMechanismNames(options: Map[String, _]): Array[String] = Array("AWS_MSK_IAM")
  override def createSaslServer(
      mechanism: String, protocol: String, host: String, options: Map[String, _], handler: CallbackHandler
  ): SaslServer = new IamServer
}

object IamProvider extends Provider("a test's MSK", "1", "AWS_MSK_IAM") {
  put("SaslServerFactory.AWS_MSK_IAM", classOf[IamServers].getName)
}

/** Kafka asks a mechanism's login module, whose loading makes Java know the mechanism. */
class IamLogin extends LoginModule {
  override def initialize(
      subject: Subject, handler: CallbackHandler, shared: Map[String, _], options: Map[String, _]
  ): Unit = Security.addProvider(IamProvider)
  override def login(): Boolean = true
  override def commit(): Boolean = true
  override def abort(): Boolean = false
  override def logout(): Boolean = true
}
